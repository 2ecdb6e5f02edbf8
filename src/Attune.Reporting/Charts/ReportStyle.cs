namespace Attune.Reporting.Charts;

/// <summary>The style sheet of a report. The file is also XML, so the style sheet has no ampersand and no angle bracket.</summary>
static class ReportStyle
{
    /// <summary>The colours of a page or a drawing, for light and dark mode.</summary>
    public const string Colours = """

        :root {
          color-scheme: light dark;
          --paper: #ffffff; --raised: #f6f7f7; --ink: #1b2023; --soft: #586269; --line: #e1e5e6;
          --accent: #0b6b63; --tint: #e9f4f2; --second: #1b2023; --third: #a15c00; --fourth: #7a6f9b; --fifth: #2b6cb0; --sixth: #b0447c;
          --good: #1a6b35; --good-tint: #e5f4e9; --bad: #a3251b; --bad-tint: #fbeae8;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #121618; --raised: #1a2023; --ink: #e6eaeb; --soft: #9fabb1; --line: #2c3438;
            --accent: #52d0bf; --tint: #16302d; --second: #e6eaeb; --third: #f0b357; --fourth: #b9aede; --fifth: #7db4f0; --sixth: #f08fc0;
            --good: #7ed99a; --good-tint: #17301f; --bad: #ff9d92; --bad-tint: #3a1d1a;
          }
        }

        """;

    /// <summary>The lines and texts of a chart.</summary>
    public const string Drawing = """
        .tick { fill: var(--soft); }
        .value {
          fill: currentColor; font-weight: 650; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round;
          paint-order: stroke;
        }
        .start { text-anchor: start; } .middle { text-anchor: middle; } .end { text-anchor: end; }
        .grid, .base { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
        .base { stroke: var(--soft); opacity: 0.6; }
        .raw, .trend { fill: none; stroke: currentColor; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
        .raw { stroke-width: 1; opacity: 0.38; }
        .band { fill: currentColor; opacity: 0.14; }
        .trend { stroke-width: 2.2; }
        .trend.c1 { stroke-dasharray: 7 4; }
        .trend.c2 { stroke-dasharray: 1.5 5; }
        .trend.again { stroke-dasharray: 12 3 2 3; }
        .dot { fill: currentColor; stroke: var(--paper); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
        .hover { fill: transparent; }
        .plot { overflow: visible; }
        .zoom { cursor: crosshair; touch-action: pan-y pinch-zoom; user-select: none; -webkit-user-select: none; }
        .zoom:focus:not(:focus-visible) { outline: none; }
        .zoomed .plot { overflow: hidden; }
        .zoomed .value, .zoomed .axes:not(.own) { display: none; }
        .selection { fill: var(--soft); opacity: 0.2; }
        .c0 { color: var(--accent); } .c1 { color: var(--second); } .c2 { color: var(--third); } .c3 { color: var(--fourth); }
        .c4 { color: var(--fifth); } .c5 { color: var(--sixth); }

        """;

    public const string Css = Colours + """
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
        body {
          margin: 0 auto; max-width: 1120px; padding: 40px 32px 64px; background: var(--paper); color: var(--ink);
          font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
        }
        h1, h2, h3, h4, p, dl, dd, ol, ul, figure { margin: 0; padding: 0; }
        h1, h2, h3 { line-height: 1.25; letter-spacing: -0.01em; text-wrap: balance; overflow-wrap: anywhere; }
        h1 { font-size: clamp(28px, 5vw, 40px); font-weight: 680; }
        h2 { font-size: 25px; font-weight: 660; }
        h3 { font-size: 16px; font-weight: 620; }
        h4 { font-size: 12.5px; font-weight: 600; color: var(--soft); letter-spacing: 0.02em; }
        a { color: var(--accent); text-underline-offset: 3px; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
        .brand { font-weight: 700; color: var(--accent); letter-spacing: 0.01em; margin-bottom: 20px; }
        .lead { max-width: 66ch; margin-top: 10px; color: var(--soft); font-size: 17px; overflow-wrap: anywhere; }
        .note { max-width: 70ch; margin-top: 16px; overflow-wrap: anywhere; white-space: pre-line; }

        nav { margin-top: 28px; }
        nav ol { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; }
        nav a {
          display: block; padding: 6px 14px; border: 1px solid var(--line); border-radius: 999px;
          color: var(--ink); text-decoration: none; font-size: 15px;
        }
        nav a:hover { border-color: var(--accent); color: var(--accent); }
        section { margin-top: 48px; padding-top: 40px; border-top: 1px solid var(--line); scroll-margin-top: 8px; }

        .facts { display: flex; flex-wrap: wrap; gap: 24px; margin-top: 24px; }
        .facts div { width: min-content; min-width: 172px; }
        .facts dt { font-size: 14px; color: var(--soft); }
        .facts dd { font-size: 14px; color: var(--soft); line-height: 1.45; overflow-wrap: break-word; text-wrap: pretty; }
        .facts .figure {
          font-size: 19px; font-weight: 620; color: var(--ink); font-variant-numeric: tabular-nums; white-space: nowrap;
        }
        .large { margin-top: 32px; }
        .large .figure { font-size: 25px; letter-spacing: -0.01em; line-height: 1.35; }

        .samples { display: grid; gap: 20px; margin-top: 28px; }
        .sample { border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
        .prompt { padding: 16px 20px; background: var(--raised); }
        .columns { display: grid; gap: 32px 28px; margin-top: 28px; }
        .columns .samples { margin-top: 14px; }
        .column { min-width: 0; }
        .answers { display: grid; }
        .answer {
          display: flex; flex-direction: column; padding: 16px 20px 18px; border-top: 1px solid var(--line); min-width: 0;
          overflow: hidden;
        }
        .after { box-shadow: inset 3px 0 0 var(--accent); }
        .after h4 { color: var(--accent); }
        .text { margin-top: 4px; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
        .text:dir(ltr) { max-width: 75ch; }
        .nothing { color: var(--soft); font-style: italic; }
        .captions {
          margin-top: auto; padding-top: 10px; font-size: 14px; color: var(--soft); font-variant-numeric: tabular-nums;
          overflow-wrap: anywhere;
        }
        .verdict { display: inline-block; margin-left: 10px; padding: 0 9px; border-radius: 999px; line-height: 20px; }
        .good { color: var(--good); background: var(--good-tint); }
        .bad { color: var(--bad); background: var(--bad-tint); }

        .charts { display: grid; gap: 36px 40px; margin-top: 32px; }
        .chart { display: flex; flex-direction: column; min-width: 0; }
        .chart { position: relative; }
        .reset-zoom {
          position: absolute; top: 0; right: 0; padding: 3px 12px; border: 1px solid var(--line); border-radius: 999px; cursor: pointer;
          background: var(--paper); color: var(--accent); font: inherit; font-size: 14px;
        }
        .chart p { margin-top: 4px; font-size: 14.5px; line-height: 1.5; color: var(--soft); max-width: 60ch; }
        .chart svg { display: block; width: 100%; max-width: 560px; height: auto; margin-top: 10px; overflow: visible; }
        .legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin-top: auto; padding-top: 10px; list-style: none; font-size: 14px; }
        .swatch { display: inline-block; width: 16px; height: 0; margin-right: 7px; border-top: 3px solid; vertical-align: middle; }
        .swatch.c1 { border-top-style: dashed; }
        .swatch.c2 { border-top-style: dotted; }
        .swatch.again { border-top-style: double; }
        .legend b { font-weight: 650; font-variant-numeric: tabular-nums; }
        svg text { font: 12.5px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-variant-numeric: tabular-nums; }

        """ + Drawing + """
        .table { margin-top: 32px; overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: 15px; line-height: 1.45; }
        caption { text-align: left; font-weight: 620; font-size: 16px; padding-bottom: 8px; }
        th, td {
          text-align: left; vertical-align: top; padding: 9px 20px 9px 0; border-bottom: 1px solid var(--line);
          overflow-wrap: break-word;
        }
        thead th { font-size: 13.5px; font-weight: 600; color: var(--soft); }
        tbody th { font-weight: 600; }
        td { font-variant-numeric: tabular-nums; }
        td:last-child { overflow-wrap: anywhere; padding-right: 0; }

        details { margin-top: 28px; border-top: 1px solid var(--line); }
        details + details { margin-top: 0; }
        summary { padding: 12px 0; cursor: pointer; color: var(--accent); font-weight: 600; }
        details .samples, details .charts, details .table { margin-top: 12px; }
        pre {
          margin: 16px 0 24px; padding: 16px 20px; background: var(--raised); border-radius: 12px; overflow-x: auto;
          font: 13.5px/1.5 ui-monospace, "Cascadia Code", "DejaVu Sans Mono", monospace;
        }
        footer { margin-top: 56px; padding-top: 20px; border-top: 1px solid var(--line); font-size: 14px; color: var(--soft); }

        @media (min-width: 760px) {
          .answers.two { grid-template-columns: 1fr 1fr; }
          .two .after { border-left: 1px solid var(--line); box-shadow: inset 0 3px 0 var(--accent); }
          .charts, .columns { grid-template-columns: 1fr 1fr; }
          svg text { font-size: 11.5px; }
        }
        @media (min-width: 760px) and (max-width: 959px) { svg text { font-size: 14px; } }
        @media (max-width: 759px) {
          body { padding: 24px 16px 48px; }
          section { margin-top: 36px; padding-top: 32px; }
          .facts { gap: 18px 20px; }
          .facts div { min-width: 140px; }
          .large .figure { font-size: 21px; }
        }
        @media (max-width: 479px) {
          svg text { font-size: 14px; }
          th, td { padding-right: 12px; }
        }
        @media print {
          :root {
            --paper: #ffffff; --raised: #f6f7f7; --ink: #000000; --soft: #444444; --line: #cccccc; --accent: #0b6b63; --second: #000000;
            --third: #a15c00; --fourth: #7a6f9b; --good: #1a6b35; --good-tint: #ffffff; --bad: #a3251b; --bad-tint: #ffffff;
          }
          body { max-width: none; padding: 0; font-size: 11pt; }
          nav { display: none; }
          .sample, .chart, tr { break-inside: avoid; }
          h2, h3, h4 { break-after: avoid; }
          .answers.two, .charts, .columns { grid-template-columns: 1fr 1fr; }
        }
        @media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }

        """;
}
