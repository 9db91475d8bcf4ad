# SPDX-License-Identifier: GPL-2.0
# How Sphinx builds these pages.
project = "vmm"
copyright = "the vmm authors"
root_doc = "index"
html_theme = "alabaster"
highlight_language = "none"
exclude_patterns = ["build"]
