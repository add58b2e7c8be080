"""What is computed: pure functions of their settings, with torch. Each is named by a unit and imported when it runs."""
