"""The list of mutants that may live, tests/mutation/survivors.md, is of the code that there is."""

from mutation.mutant import mutants_of
from mutation.packages import PACKAGES
from mutation.survivors import LIST, excuses


def test_every_mutant_that_may_live_can_still_be_made():
    there = {mutant.key for package in PACKAGES.values() for file in package.files() for mutant in mutants_of(file)}
    assert set(excuses()) <= there
    assert len(excuses()) == LIST.read_text().count("\n- `")


def test_each_package_has_modules_and_tests():
    for name, package in PACKAGES.items():
        assert package.files(), name
        assert package.test_files(), name
