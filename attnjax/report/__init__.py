"""The report of a run: reads results, never models. Entry: `page.write_report`."""
