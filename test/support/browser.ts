/** Debian's Chromium, where it is installed. */

import { existsSync, writeSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const kFile = process.env.FLASHDIFF_CHROMIUM ?? '/usr/bin/chromium';
const kFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** With FLASHDIFF_REQUIRE_CHROMIUM=1 its absence is a failure. */
export function hasBrowser(): boolean {
  if (existsSync(kFile)) return true;
  if (process.env.FLASHDIFF_REQUIRE_CHROMIUM === '1') {
    throw new Error(`FLASHDIFF_REQUIRE_CHROMIUM=1, but there is no ${kFile}`);
  }
  writeSync(2, `browser tests skipped: there is no ${kFile}\n`);
  return false;
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: kFile, args: kFlags });
}
