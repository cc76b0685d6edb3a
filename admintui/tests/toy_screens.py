"""A screen as a plugin brings it."""

from jackfield_admintui.lists import ListScreen
from jackfield_admintui.widgets.grid import Column


class Balances(ListScreen):
    """Rows of a method of the plugin's own."""

    heading = "Balances"
    help_text = "What each customer still has."
    method = "acd.balances"
    columns = (Column("name", "Customer", flex=True), Column("left", "Left", right=True))
