/** The command `flashdiff`, run as a user runs it. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'flashdiff';

const root = dirname(require.resolve('flashdiff/package.json'));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const command = join(root, manifest.bin.flashdiff);
const spoiler = join(root, 'test/support/wrong.cjs');
const [isa = 'baseline'] = inspect().cpu.isas.slice(-1);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flashdiff-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(line: string, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [command, ...line.split(' ').filter(Boolean)],
    { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } },
  );
  // Piped, there is no terminal: no colour, no bar.
  for (const mark of ['\u001b', '\r', '█', '░']) expect(stdout + stderr).not.toContain(mark);
  return { status, stdout, stderr };
}

describe('help', () => {
  test.each(['inspect', 'verify', 'bench'])('of %s names its flags', (name) => {
    const { status, stdout } = run(`${name} --help`);
    expect(status).toBe(0);
    expect(stdout).toContain(`usage: flashdiff ${name}`);
    expect(stdout).toMatch(/--json .*\w/);
    expect(stdout).toMatch(/\S\n$/);
    expect(run(`${name} -h`).stdout).toBe(stdout);
  });

  test('names the commands', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    for (const name of ['inspect', 'verify', 'bench']) expect(stdout).toContain(`  ${name} `);
  });

  test('is what no command gets, as a mistake', () => {
    expect(run('').status).toBe(2);
  });

  test('--version', () => {
    expect(run('--version')).toMatchObject({ status: 0, stdout: `${manifest.version}\n` });
  });
});

describe('a mistake gets a sentence and exit code 2', () => {
  test.each([
    ['frobnicate', "expected a command (inspect, verify, bench), got 'frobnicate'"],
    ['constructor', "got 'constructor'"],
    ['inspect --frobnicate', 'expected one of --json, got --frobnicate'],
    ['inspect -x', 'expected one of --json, got -x'],
    ['inspect --json=yes', "expected no value for --json, got 'yes'"],
    ['inspect everything', "got 'everything'"],
    ['verify --quick --all', 'expected --quick or --all, got both'],
    ['verify --case', 'expected NUMBER after --case, got nothing'],
    ['verify --case one', "expected an integer ≥ 1 for --case, got 'one'"],
    ['verify --case 99999', "expected a problem of the table for --case, got '99999'"],
    ['verify --json nowhere/a.json', 'got nowhere/a.json'],
    ['verify --engine cpu:z80', "for --engine, got 'cpu:z80'"],
    ['bench --device tpu', "expected cpu, cuda for --device, got 'tpu'"],
    ['bench --shape 1x8', "expected shapes such as 1x8x2048x64 for --shape, got '1x8'"],
    ['bench --mask half', "expected full, causal or window:N for --mask, got 'half'"],
    ['bench --dtype float8', "for --dtype, got 'float8'"],
    ['bench --runs 0', "expected an integer ≥ 1 for --runs, got '0'"],
    ['bench --runs 1.5', "expected an integer ≥ 1 for --runs, got '1.5'"],
    ['bench --json nowhere/a.json', 'expected a file that can be written, got nowhere/a.json'],
    ['bench --json .', 'expected a file that can be written, got .'],
    ['bench --report /dev', 'expected a file that can be written, got /dev'],
    ['bench --from a.json', 'expected --report with --from'],
    ['bench --from a.json --json b.json', 'expected --from or --json, got both'],
  ])('%s', (line, sentence) => {
    const { status, stdout, stderr } = run(line);
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/\nTry: flashdiff .*--help\n$/);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});

/** Who may do everything may write it. */
const unlessRoot = process.getuid?.() === 0 ? test.skip : test;
unlessRoot('a file that is read-only is noticed before anything is measured', () => {
  const file = join(folder, 'kept.json');
  writeFileSync(file, '{}', { mode: 0o444 });
  const { status, stderr } = run(`verify --json ${file}`);
  expect(stderr).toContain(`expected a file that can be written, got ${file}`);
  expect(status).toBe(2);
});

describe('inspect', () => {
  test('tells what runs here', () => {
    const { status, stdout } = run('inspect');
    const { cpu, cuda, version } = inspect();
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`flashdiff +${version}`));
    expect(stdout).toMatch(new RegExp(`engine +${cpu.isa}`));
    expect(stdout).toContain(cuda.available ? cuda.devices[0]?.name : cuda.reason);
  });

  test('tells what forces a choice', () => {
    const { stdout } = run('inspect', { FLASHDIFF_CPU_ISA: isa });
    expect(stdout).toMatch(new RegExp(`engine +${isa}`));
    expect(stdout).toContain(`FLASHDIFF_CPU_ISA=${isa}`);
  });

  test('--json is the same for programs', () => {
    const { cpu, cuda, missing } = JSON.parse(run('inspect --json').stdout);
    expect(cpu.isas).toEqual(inspect().cpu.isas);
    expect(cuda.available).toBe(inspect().cuda.available);
    for (const entry of missing) {
      expect(entry).toEqual({ missing: expect.any(String), bring: expect.any(String) });
    }
  });
});

describe('verify', () => {
  const engine = `cpu:${isa}`;

  test('--list names every engine', () => {
    const { stdout } = run('verify --list');
    for (const name of inspect().cpu.isas) expect(stdout).toContain(`cpu:${name}  `);
  });

  test('says when all is right', () => {
    const json = join(folder, 'verify.json');
    const { status, stdout } = run(`verify --engine ${engine} --case 7 --json ${json}`);
    expect(stdout).toContain(`verified: flashdiff ${inspect().version} computes right`);
    expect(status).toBe(0);
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject([
      { engine, right: 1, failures: [] },
    ]);
  });

  const preload = { NODE_OPTIONS: `--require ${spoiler}` };

  test('fails when a result is wrong, and says how to see it again', () => {
    const { status, stdout } = run(`verify --engine ${engine} --case 7`, preload);
    expect(stdout).toContain(`wrong: ${engine} #7`);
    expect(stdout).toContain('BEYOND the rule');
    expect(stdout).toContain(`again: flashdiff verify --engine ${engine} --case 7`);
    expect(stdout).toMatch(/\nFAILED: .*cpu:/);
    expect(status).toBe(1);
  });

  test('fails when an engine takes its process down', () => {
    const { status, stdout } = run(`verify --engine ${engine} --case 7`, {
      ...preload,
      WRONG: 'crash',
    });
    expect(stdout).toContain('the process of the engine ended with SIGKILL');
    expect(status).toBe(1);
  });
});

describe('bench', () => {
  const quick =
    'bench --device cpu --shape 1x2x40x16,1x2/1x1:33x16 --mask causal,window:8 --runs 2';
  const kThreeFiles = ['figures.json', 'report.html', 'again.html'];

  test('measures, writes and reports', () => {
    const [json, html, again] = kThreeFiles.map((name) => join(folder, name)) as [
      string,
      ...string[],
    ];
    const { status, stdout } = run(`${quick} --json ${json} --report ${html}`);
    expect(stdout).toContain('[1, 2/1, 1:33, 16]');
    expect(stdout).toContain('causal, window 8');
    expect(status).toBe(0);

    const [series] = JSON.parse(readFileSync(json, 'utf8')).series;
    expect(series).toMatchObject({ device: 'cpu', dtype: 'float32' });
    expect(series.measurements).toHaveLength(4);
    for (const { contenders } of series.measurements) {
      expect(contenders[0]).toMatchObject({ name: 'flashdiff', role: 'ours', warm: { runs: 2 } });
    }

    expect(run(`bench --from ${json},${json} --report ${again}`).status).toBe(0);
    const figures = (file = '') => readFileSync(file, 'utf8').match(/<figure>/g)?.length ?? 0;
    expect(figures(html)).toBeGreaterThan(0);
    expect(figures(again)).toBe(2 * figures(html));
  });

  test('leaves out peers that are not there, and says so', () => {
    const { status, stderr } = run(`${quick} --peers`);
    expect(stderr).toContain('peers on cpu left out: ');
    expect(status).toBe(0);
  });

  test('fails when a result is wrong', () => {
    const { status, stdout } = run(quick, { NODE_OPTIONS: `--require ${spoiler}` });
    expect(stdout).toContain('wrong on sampled rows');
    expect(status).toBe(1);
  });

  test('refuses a file that is no benchmark, and leaves no report', () => {
    const file = join(folder, 'other.json');
    writeFileSync(file, '{"format":"other"}');
    const { status, stderr } = run(`bench --from ${file} --report none.html`);
    expect(stderr).toContain('format "other"');
    expect(status).toBe(1);
    expect(existsSync(join(folder, 'none.html'))).toBe(false);
  });
});
