"""How much of PyTorch's own operator tests this library does: `python tests/torch_share.py`."""

from __future__ import annotations

from collections import Counter

from torch_sample_set import LEFT_OUT, TRANSLATIONS, agree, entries
from torch_sample_set.left_out import EXCEPTED


def failing():
    """The translated entries of which a sample disagrees, or none could be compared."""
    for name, translation in TRANSLATIONS.items():
        try:
            agrees = agree(name, translation) > 0
        except Exception as error:  # noqa: BLE001  whatever it is, the entry fails
            print(f"{name}: {type(error).__name__}: {str(error).strip().splitlines()[0]}")
            agrees = False
        if not agrees:
            yield name


def main():
    """Run every translation and print what agrees, and what is left out with its reasons."""
    total, failed = len(entries()), list(failing())
    passed = len(TRANSLATIONS) - len(failed)
    composed = sum(each.composed for name, each in TRANSLATIONS.items() if name not in failed)
    claimed = total - sum(reason == EXCEPTED for reason in LEFT_OUT.values())
    print(f"PyTorch's operator tests with a derivative in float64: {total} entries.")
    print(f"Value, gradient and second derivative agree in {passed}: {passed / total:.1%} of all,")
    print(f"{passed / claimed:.1%} of those without complex numbers and fft.")
    print(f"{passed - composed} by one function of the same meaning, {composed} composed of several.")
    print(f"Failing: {', '.join(failed) or 'none'}. Left out:")
    for reason, count in Counter(LEFT_OUT.values()).items():
        print(f"  {count:3}  {reason}: {', '.join(name for name, why in LEFT_OUT.items() if why == reason)}.")


if __name__ == "__main__":
    main()
