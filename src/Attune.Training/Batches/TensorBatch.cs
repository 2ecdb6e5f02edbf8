using Attune.Data;
using Attune.Models.Backbones;
using Attune.Torch;

namespace Attune.Training.Batches;

/// <summary>Collates rows of managed memory into tensors.</summary>
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

    /// <summary>Rows of a decoder, with the rows that an encoder reads.</summary>
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
            for (var column = 0; column < rows[row].Tokens.Length; column++)
            {
                var index = row * columns + column;
                segments[index] = rows[row].Segments?[column] ?? 0;
                positions[index] = column > 0 && segments[index] == segments[index - 1] ? positions[index - 1] + 1 : 0;
            }
        return input with
        {
            Positions = Tensor.From(positions, rows.Count, columns).To(device),
            Segments = Tensor.From(segments, rows.Count, columns).To(device),
        };
    }
}
