"""Ways through the console: the menu, the palette, the help."""
