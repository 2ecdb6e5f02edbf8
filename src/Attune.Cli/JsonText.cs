using System.Text.Encodings.Web;
using System.Text.Json;

namespace Attune.Cli;

/// <summary>How JSON is written for people: letters as they are.</summary>
static class JsonText
{
    public static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
