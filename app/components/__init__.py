"""What the pages share: their frame, groups, buttons, players, and the controls of what a browser shows."""
