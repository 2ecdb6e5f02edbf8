using System.Text;

namespace Attune.Cli.Tests.Display;

/// <summary>A terminal with what the live display uses: wrapping, carriage return, cursor up, clear line. Colours are ignored.</summary>
sealed class TinyScreen : TextWriter
{
    readonly List<StringBuilder> rows = [new()];
    int row;
    int column;

    public int Width { get; set; } = 80;

    public override Encoding Encoding => Encoding.UTF8;

    public IReadOnlyList<string> Rows => [.. rows.Select(text => text.ToString().TrimEnd())];

    public override void Write(char value) => Write(value.ToString());

    public override void Write(string? value)
    {
        for (var at = 0; at < value!.Length; at++)
        {
            if (value[at] != '\e')
            {
                Put(value[at]);
                continue;
            }
            var command = value.AsSpan(at + 2).IndexOfAnyInRange('A', 'z') + at + 2;
            Execute(value[(at + 2)..command], value[command]);
            at = command;
        }
    }

    /// <summary>Changes the width; lines that no longer fit are wrapped, as most terminals do.</summary>
    public void Resize(int width)
    {
        Width = width;
        var text = rows.Select(line => line.ToString()).ToArray();
        rows.Clear();
        foreach (var line in text)
            rows.AddRange(line.Length == 0 ? [new()] : line.Chunk(width).Select(part => new StringBuilder(new string(part))));
        (row, column) = (rows.Count - 1, rows[^1].Length);
    }

    void Execute(string number, char command)
    {
        if (command == 'A')
            row = Math.Max(0, row - int.Parse(number));
        else if (command == 'K')
            rows[row].Clear();
        else if (command != 'm')
            throw new NotSupportedException($"the escape sequence {command} is not supported");
    }

    void Put(char value)
    {
        if (value == '\r')
            column = 0;
        else if (value == '\n')
            NextRow();
        else
        {
            if (column == Width)
                NextRow();
            rows[row].Append(' ', Math.Max(0, column + 1 - rows[row].Length))[column++] = value;
        }
    }

    void NextRow()
    {
        (row, column) = (row + 1, 0);
        if (row == rows.Count)
            rows.Add(new());
    }
}
