"""What a person can set: the table of controls, how it is read, and the links that hold it."""
