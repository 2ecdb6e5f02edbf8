namespace Attune.Studio;

/// <summary>A value of an enumeration in a form or an address, by its name. Numbers, which .NET takes too, are refused.</summary>
readonly record struct EnumName<T>(T Value) where T : struct, Enum
{
    public static implicit operator T(EnumName<T> name) => name.Value;

    /// <exception cref="InvalidDataException">The text is not empty and is no name of a value.</exception>
    public static T ParseOr(T usual, string? text) =>
        string.IsNullOrEmpty(text) ? usual : TryParse(text, null, out var name) ? name
        : throw new InvalidDataException($"choose one of {string.Join(", ", Enum.GetNames<T>())} (was {text})");

    /// <summary>The form that ASP.NET Core looks for in a parameter's type.</summary>
    public static bool TryParse(string? text, IFormatProvider? provider, out EnumName<T> name)
    {
        var known = Enum.GetNames<T>().FirstOrDefault(known => known.Equals(text, StringComparison.OrdinalIgnoreCase));
        name = known is null ? default : new(Enum.Parse<T>(known));
        return known is not null;
    }
}
