#!/usr/bin/env bash
# Puts Chromium and its driver where the browser tests look for them. Does nothing where they are.
set -euo pipefail
missing() { ! command -v chromium > /dev/null || ! command -v chromedriver > /dev/null; }
if missing && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver fonts-dejavu-core > /dev/null
fi
if missing; then
    echo "The browser tests need the commands chromium and chromedriver. As root on Debian or Ubuntu this script" >&2
    echo "installs them; elsewhere install them by hand (Debian: apt-get install chromium chromium-driver)." >&2
    exit 1
fi
