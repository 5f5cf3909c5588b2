"""Three orders take 7.5 seconds: the next poll comes before ten have passed."""

settings = {"at_once": 3}
