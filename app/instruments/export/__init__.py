"""The instruments as files: their numbers as tables, and pictures drawn anew from them."""
