"""From a production's source to black's text: templates, libcst syntax, rendering."""
