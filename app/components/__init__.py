"""What the pages share: their frame, groups, buttons, players, controls of what a browser shows, statements."""
