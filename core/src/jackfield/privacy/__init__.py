"""Number privacy (T9): two parties reach each other through a middle number, and neither sees the other's."""
