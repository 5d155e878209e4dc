"""The loader among installed distributions: sound ones, broken ones, and two that clash."""

import pytest
from support.plugin_files import LOSS, install

from stq.errors import PluginError
from stq.registry import load_losses


def _broken(registry):
    return {plugin.distribution: plugin.cause for plugin in registry.broken}


def test_an_installed_loss_is_found_with_its_distribution(site):
    install(site, "sound-plugin", LOSS.format(name="absolute"))
    entry = load_losses().get("absolute")
    assert entry.distribution == "sound-plugin"
    assert entry.cls.name == "absolute"


def test_two_distributions_of_one_entry_point_name_both_load(site):
    install(site, "left-plugin", LOSS.format(name="left"))
    install(site, "right-plugin", LOSS.format(name="right"))
    assert {"left", "right"} <= set(load_losses())


BROKEN = {
    "fails-to-import": ("import nothing_of_that_name", "ModuleNotFoundError: .*nothing_of_that_name"),
    "leaves-on-import": ("raise SystemExit(3)", "SystemExit: 3"),
    "no-hook": ("losses = []", "implements no hook"),
    "fails-when-asked": ("from stq import hookimpl\n@hookimpl\ndef stq_losses(): return 1 / 0", "ZeroDivisionError"),
    "gives-nothing": ("from stq import hookimpl\n@hookimpl\ndef stq_losses(): pass", "TypeError"),
    "wrong-signature": ("from stq import hookimpl\n@hookimpl\ndef stq_losses(spec): return []", "spec"),
    "unknown-hook": ("from stq import hookimpl\n@hookimpl\ndef stq_looses(): return []", "unknown hook 'stq_looses'"),
    "not-a-loss": (
        "import torch\nfrom stq import hookimpl\n@hookimpl\ndef stq_losses(): return [torch.nn.MSELoss]",
        "subclasses of stq.losses.Loss",
    ),
    "no-name": (LOSS.format(name=""), "needs a name"),
    "name-of-two-words": (LOSS.format(name="mean absolute"), "needs a name"),
    "tag-is-a-string": (LOSS.format(name="a1").replace('("backbone", "central")', '"central"'), "as a tuple"),
    "no-tag": (LOSS.format(name="a2").replace("updates", "groups"), "as a tuple"),
    "no-docstring": (LOSS.format(name="a3").replace('"""Mean absolute error."""', ""), "needs a docstring"),
    "no-forward": (LOSS.format(name="a4").replace("def forward", "def backward"), "needs a forward"),
    "odd-reduction": (
        LOSS.format(name="a5").replace("updates =", "reduction = 'sum'\n    updates ="),
        "the reduction 'sum'",
    ),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_broken_plugin_is_set_aside_with_its_cause_and_hurts_nobody(site, name):
    source, cause = BROKEN[name]
    install(site, f"broken-{name}", source)
    install(site, f"sound-beside-{name}", LOSS.format(name="beside"))
    registry = load_losses()
    assert {"mse", "ssim", "laplacian", "histogram", "pinball", "beside"} <= set(registry)
    with pytest.raises(PluginError, match=f"(?s)broken-{name} is broken.*{cause}"):
        registry.get("a-loss-it-might-have-brought")
    assert list(_broken(registry)) == [f"broken-{name}"]


def test_the_sound_losses_of_a_broken_plugin_do_not_come_in_by_halves(site):
    half = LOSS.format(name="half").replace("[Absolute]", "[Absolute, int]")
    install(site, "half-broken", half)
    registry = load_losses()
    assert "half" not in registry
    assert "half-broken" in _broken(registry)


@pytest.mark.parametrize("name", ["mse", "absolute"])
def test_two_losses_of_one_name_are_an_error_that_names_both_distributions(site, name):
    install(site, "first-clash", LOSS.format(name=name))
    install(site, "second-clash", LOSS.format(name="absolute"))
    other = "stq" if name == "mse" else "second-clash"
    with pytest.raises(PluginError, match=f"(?s)two losses are called '{name}'") as clash:
        load_losses()
    assert "first-clash" in str(clash.value)
    assert other in str(clash.value)


def test_installed_plugins_can_be_switched_off(site, monkeypatch):
    install(site, "first-off", LOSS.format(name="mse"))
    monkeypatch.setenv("STQ_NO_PLUGINS", "1")
    registry = load_losses()
    assert set(registry) == {"mse", "ssim", "laplacian", "histogram", "pinball"}
    assert registry.broken == ()


def test_an_unknown_loss_is_answered_with_the_nearest(site):
    registry = load_losses()
    with pytest.raises(PluginError, match="did you mean 'pinball'"):
        registry.get("pinbal")
    with pytest.raises(PluginError, match=r"there are .*histogram, .*mse"):
        registry.get("xyz")
    assert registry["mse"] is registry.get("mse")
    assert len(registry) == len(list(registry))
