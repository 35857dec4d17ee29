"""How a picture looks, in a form that can be compared."""
