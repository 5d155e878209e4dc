"""The loader among installed distributions: sound ones, broken ones, and two that clash."""

import os

import pytest
from support.plugin_files import LOSS, install

from stq.errors import PluginError, UsageError
from stq.registry import check_plugins, leaving_out, load_losses


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
    "unknown-hook": (
        "from stq import hookimpl\n@hookimpl\ndef stq_looses(): return []",
        r"unknown hook 'stq_looses'; did you mean 'stq_losses'\?$",
    ),
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
def test_a_name_of_two_losses_is_an_error_that_names_both_and_only_for_who_asks_for_it(site, name):
    install(site, "first-clash", LOSS.format(name=name))
    install(site, "second-clash", LOSS.format(name="absolute"))
    other = "stq" if name == "mse" else "second-clash"
    registry = load_losses()
    assert {"ssim", "pinball"} <= set(registry)
    assert name not in registry
    with pytest.raises(PluginError, match=f"(?s)two losses are called '{name}', of .*and .*rename") as clash:
        registry.get(name)
    assert "first-clash" in str(clash.value)
    assert other in str(clash.value)
    assert {"first-clash"} <= {plugin.distribution for plugin in check_plugins() if "are called" in plugin.cause}


def test_a_plugin_for_another_api_is_set_aside_and_says_which_is_to_be_updated(site):
    install(site, "from-the-future", "stq_api = 2\n" + LOSS.format(name="future"))
    install(site, "from-the-past", "stq_api = 0\n" + LOSS.format(name="past"))
    install(site, "of-today", "stq_api = 1\n" + LOSS.format(name="today"))
    registry = load_losses()
    assert ("future" in registry, "past" in registry, "today" in registry) == (False, False, True)
    causes = _broken(registry)
    assert "version 2 of the plugin API" in causes["from-the-future"]
    assert causes["from-the-future"].endswith("update stq")
    assert causes["from-the-past"].endswith("update the plugin")


def test_one_installed_plugin_can_be_left_out_by_either_of_its_names(site, monkeypatch):
    monkeypatch.delenv("STQ_NO_PLUGINS", raising=False)
    install(site, "first-plugin", LOSS.format(name="first"), entry="one")
    install(site, "second-plugin", LOSS.format(name="second"), entry="two")
    with leaving_out(["one"]):
        assert ("first" in load_losses(), "second" in load_losses()) == (False, True)
        with leaving_out(["second-plugin"]):
            assert not {"first", "second"} & set(load_losses())
    assert {"first", "second"} <= set(load_losses())
    assert "STQ_NO_PLUGINS" not in os.environ
    with pytest.raises(UsageError, match="no plugin 'tow' to leave out; did you mean 'two'"), leaving_out(["tow"]):
        pass


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
