using Attune.Data;
using Attune.Models.Backbones;
using Attune.Torch;

namespace Attune.Training.Batches;

/// <summary>The one place where collated rows of managed memory become tensors.</summary>
public static class TensorBatch
{
    /// <summary>Rows of different lengths, padded on the right: tokens, mask and positions.</summary>
    public static ModelInput Padded(IReadOnlyList<int[]> rows, int padId, Device device)
    {
        var padded = PaddedRows.From(rows, padId);
        return ModelInput.FromPadded(
            Tensor.From(padded.Tokens, padded.Count, padded.Length).To(device),
            Tensor.From(padded.Mask, padded.Count, padded.Length).To(device));
    }

    /// <summary>The same beside what an encoder reads.</summary>
    public static ModelInput Padded(IReadOnlyList<int[]> rows, IReadOnlyList<int[]> sources, int padId, Device device) =>
        Padded(rows, padId, device) with { Source = Padded(sources, padId, device) };

    /// <summary>Rows to train on, with their sources; packed ones get the segments and the positions of their documents.</summary>
    public static ModelInput From(IReadOnlyList<TokenRow> rows, int padId, Device device)
    {
        int[][] sources = [.. rows.Select(row => row.Source).OfType<int[]>()];
        int[][] tokens = [.. rows.Select(row => row.Tokens)];
        if (sources.Length > 0)
            return Padded(tokens, sources, padId, device);
        var input = Padded(tokens, padId, device);
        return rows.Any(row => row.Segments is not null) ? WithSegments(input, rows, device) : input;
    }

    /// <summary>(N) int64 on a device.</summary>
    public static Tensor Longs(long[] numbers, Device device) => Tensor.From(numbers, numbers.Length).To(device);

    static ModelInput WithSegments(ModelInput input, IReadOnlyList<TokenRow> rows, Device device)
    {
        var columns = (int)input.Tokens.Size(1);
        var segments = new long[rows.Count * columns];
        var positions = new long[rows.Count * columns];
        Array.Fill(segments, -1);
        for (var row = 0; row < rows.Count; row++)
            for (var at = 0; at < rows[row].Tokens.Length; at++)
            {
                var cell = row * columns + at;
                segments[cell] = rows[row].Segments?[at] ?? 0;
                positions[cell] = at > 0 && segments[cell] == segments[cell - 1] ? positions[cell - 1] + 1 : 0;
            }
        return input with
        {
            Positions = Tensor.From(positions, rows.Count, columns).To(device),
            Segments = Tensor.From(segments, rows.Count, columns).To(device),
        };
    }
}
