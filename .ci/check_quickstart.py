"""Check what the quickstart promises, from its results file alone."""

import json
import sys
from pathlib import Path


def main(folder: Path) -> int:
    """Return 0 if the run is complete and good enough, else 1."""
    results = json.loads((folder / "results.json").read_text())
    tests, accuracy = results["tests"], results["performance"]["test"]["accuracy"]
    wanted = {
        "gradient_agreement",
        "leave_one_out_agreement",
        "gradient_leave_one_out",
        "random_agreement",
        "permutation",
        "adversary",
        "planted_evidence",
    }
    failures = [f"test {name} is missing" for name in sorted(wanted - set(tests))]
    if tests.get("adversary", {}).get("exact", {}).get("status") != "solved":
        failures.append("the strongest adversary is missing")
    if accuracy < 0.95:
        failures.append(f"accuracy {accuracy:.3f} is below 0.95")
    if not (folder / "report.html").stat().st_size > 100_000:
        failures.append("report.html is too small to be a report")
    print("\n".join(failures) or f"results.json is complete; accuracy {accuracy:.3f}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
