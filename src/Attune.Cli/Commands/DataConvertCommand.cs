using System.CommandLine;
using System.Text.Json.Nodes;
using Attune.Data;
using Attune.Reporting.Files;
using Attune.Text;

namespace Attune.Cli.Commands;

/// <summary><c>attune data convert IN OUT</c>: writes a data file as JSONL in Attune's own layouts.</summary>
static class DataConvertCommand
{
    static readonly Argument<string> Input = new("in") { HelpName = "IN", Description = "A data file, or a folder of them" };
    static readonly Argument<string> Output = new("out") { HelpName = "OUT", Description = "A .jsonl file to write" };
    static readonly DataArguments Reading = new(hasPairs: true);
    static readonly Option<string?> From = new("--from")
    {
        HelpName = "LAYOUT",
        Description = $"The layout, if it does not follow from the names of the fields: {string.Join(", ", Dataset.Layouts)}",
    };
    static readonly Option<string?> To = new("--layout")
    {
        HelpName = string.Join('|', LayoutConversion.Targets),
        Description = "The layout to write (default: the one that the examples have)",
    };
    static readonly Option<string[]> Keep = new("--keep")
    {
        HelpName = "FIELD",
        Description = "Other fields to write too, such as those that rewards read", AllowMultipleArgumentsPerToken = true,
    };

    public static Command Create()
    {
        var command = new Command("convert", "Write data as JSONL in Attune's own layouts") { Input, Output, From, To, Keep };
        Reading.AddTo(command);
        command.SetAction(Convert);
        return CommandHelp.WithExample(command, "attune data convert data/frontdesk/pairs.jsonl demonstrations.jsonl --side chosen");
    }

    static int Convert(ParseResult parsed)
    {
        var (input, output, keep) = (parsed.GetValue(Input)!, parsed.GetValue(Output)!, parsed.GetValue(Keep) ?? []);
        if (!output.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase))
            throw new InvalidDataException($"the output must be a .jsonl file (was {output}).");
        if (Path.GetFullPath(output) == Path.GetFullPath(input))
            throw new InvalidDataException($"the output must be a file other than the input ({input}).");
        var to = parsed.GetValue(To);
        if (to is not null && !LayoutConversion.Targets.Contains(to, StringComparer.Ordinal))
            throw new InvalidDataException($"--layout must be one of {string.Join(", ", LayoutConversion.Targets)} (was {to}).");
        var options = Reading.Read(parsed) with
        {
            Layout = parsed.GetValue(From), Reader = "the new file", AlsoRead = keep, Notice = Notices.Write,
        };
        var (count, fields) = (0, "");
        AtomicWrite.File(output, path =>
        {
            using var writer = File.CreateText(path);
            foreach (var example in Dataset.Read(input, options)
                .SelectMany(read => to is null ? [read] : LayoutConversion.To(read, to)))
            {
                var row = ExampleWriter.ToJson(example);
                foreach (var name in keep)
                    row[name] = JsonNode.Parse(example.Row!.Required(name).GetRawText());
                writer.WriteLine(JsonText.Line(row));
                (count, fields) = (count + 1, string.Join(", ", row.Select(field => field.Key)));
            }
            if (count == 0)
                throw new InvalidDataException($"{input} has no examples{(to is null ? "" : $" that become {to}")}.");
        });
        Console.Out.WriteLine($"{output}: {Quantity.Of(count, "row")} of {fields}");
        return 0;
    }
}
