using System.Text.Encodings.Web;
using System.Text.Json;

namespace Attune.Cli;

/// <summary>JSON for people to read: letters beyond ASCII are not escaped.</summary>
static class JsonText
{
    public static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
