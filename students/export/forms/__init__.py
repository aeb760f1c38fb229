"""Forms of a student, a file for each library that writes some: students/export/README.md says how to add one."""
