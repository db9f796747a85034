/** The page's style: light and dark, one column on a phone. */

export const kStyle = `
:root {
  --paper: #fdfdfc; --ink: #1c1e21; --muted: #666b73; --grid: #e2e4e8; --panel: #f4f5f6;
  --ours: #1f5fd6; --peer-1: #c8500a; --peer-2: #1a8a5a; --peer-3: #9440b0; --peer-4: #b58900;
  --peer-5: #b8324f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16181b; --ink: #e8eaed; --muted: #9aa0a8; --grid: #33373d; --panel: #1e2125;
    --ours: #6ea2ff; --peer-1: #f08a4b; --peer-2: #4cc38a; --peer-3: #cf8ae6; --peer-4: #e0b93f;
    --peer-5: #f2738c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif;
}
main { max-width: 1180px; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .75rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1.05rem; margin: 2rem 0 .25rem; }
p { max-width: 46rem; margin: 0 0 .75rem; }
h3 + p { color: var(--muted); font-size: .92rem; }
.grid {
  display: grid; gap: 1.5rem 1.25rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr));
}
figure { margin: 0; min-width: 0; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { font-weight: 600; font-size: .95rem; margin-bottom: .25rem; }
.legend {
  list-style: none; margin: 0 0 1rem; padding: 0;
  display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .92rem;
}
.legend li { display: flex; align-items: center; gap: .45rem; }
.legend svg { width: 26px; height: 14px; flex: none; }
.scroll { overflow-x: auto; }
summary { cursor: pointer; color: var(--muted); font-size: .88rem; padding: .3rem 0; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--grid); text-align: right; }
th { font-weight: 600; background: var(--panel); vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
.facts th { white-space: nowrap; vertical-align: top; }
.facts td { text-align: left; overflow-wrap: anywhere; }
`;
