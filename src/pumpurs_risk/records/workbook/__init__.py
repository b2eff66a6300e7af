"""All reading and writing idioms of workbooks: read in a child process, written so that nothing typed becomes a formula."""
