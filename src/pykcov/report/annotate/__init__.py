"""Sources with their hits beside them."""
