using System.ComponentModel.DataAnnotations;

namespace Attune.Training.Options;

/// <summary>An absolute address of a web server.</summary>
[AttributeUsage(AttributeTargets.Property)]
sealed class HttpUrlAttribute : ValidationAttribute
{
    public HttpUrlAttribute() => ErrorMessage = Rule;

    public const string Rule = "must be a URL that begins with http:// or https://";

    public static bool IsUrl(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https";

    public override bool IsValid(object? value) => IsUrl((string)value!);
}
