"""How the browser is started, for the tests, the benchmarks and the screenshots alike."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, BrowserContext, Playwright

# Chrome takes the last of several lists alone, so that ours begins with Playwright's own (test_launch.py). The words
# that open below an address bar are two pages more of every window, and nobody types there.
FEATURES_OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,"
    "LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,"
    "TcpPortRandomizationWin,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,"
    "msForceBrowserSignIn,msEdgeUpdateLaunchServicesPreferredVersion,WebUIOmniboxPopup,WebUIOmniboxAimPopup"
)
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # root, as in a container, may not use the sandbox; only our own pages are opened
    "--disable-gpu",
    "--enable-unsafe-swiftshader",  # WebGL in software
    "--disable-background-networking",
    "--disable-component-update",
    f"--disable-features={FEATURES_OFF}",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # a request to elsewhere is seen, and goes nowhere
)
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}

PAGE_OBJECT = """Object.defineProperty(window, "potholeLab", {
  get: () => ({ ...window.dash_clientside?.potholeLab, offline: document.getElementById("scene")?.scene }),
});"""
"""The page's own object under a short name: a page puts nothing on the window but what Dash looks for there."""


QUICK_TO_LOAD = "--js-flags=--no-opt,--no-concurrent-recompilation"
"""For tests, which load pages again and again: not compiled for speed, a page takes a sixth less to load."""


def launch(playwright: Playwright, chrome_path: str, *more: str) -> Browser:
    """The system's own Chrome or Chromium without a window, with more flags."""
    return playwright.chromium.launch(executable_path=chrome_path, headless=True, args=[*FLAGS, *more])


def new_context(browser: Browser, **settings: Any) -> BrowserContext:
    """A context whose pages show their own object as `potholeLab`; the settings are Playwright's."""
    context = browser.new_context(**settings)
    context.add_init_script(PAGE_OBJECT)
    return context
