"""A lecture: an ordered list of links with titles and notes, shown one by one, and the notes' own window."""
