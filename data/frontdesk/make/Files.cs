using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Attune.FrontDesk;

/// <summary>Writes the JSONL files.</summary>
sealed class Files(string folder, int toShow)
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public void Write(string name, int count, Func<object> next)
    {
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
            text.Append(JsonSerializer.Serialize(next(), Json)).Append('\n');
        File.WriteAllText(Path.Combine(folder, name + ".jsonl"), text.ToString());
        Console.WriteLine($"{name}.jsonl: {count} lines, {text.Length / 1024} KB");
        foreach (var line in text.ToString().Split('\n').Take(toShow))
            Console.WriteLine("  " + line);
    }
}
