namespace Attune.Data.Encoded;

/// <summary>How a method encodes an example.</summary>
/// <param name="Encode">
/// The items that an example makes, none where it is left out. It is called from several threads, each with an encoder of its own.
/// </param>
public sealed record ExampleEncoding<T>(Func<Example, TextEncoder, IEnumerable<T>> Encode) where T : class
{
    /// <summary>What the items depend on in addition to the example, the encoder, and the method's name.</summary>
    public string Settings { get; init; } = "";
}

/// <summary>Makes encodings.</summary>
public static class ExampleEncoding
{
    /// <summary>An encoding that makes at most one item of an example; null leaves it out.</summary>
    public static ExampleEncoding<T> Single<T>(Func<Example, TextEncoder, T?> encode) where T : class =>
        new((example, encoder) => encode(example, encoder) is { } item ? [item] : []);
}
