"""Menus: the `ivr` destination and the `menu` kind of site object."""
