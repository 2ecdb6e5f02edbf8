using Attune.Torch;

namespace Attune.Training.Algorithms;

/// <summary>Log-probabilities of the two responses of P pairs, in nats, and their lengths in tokens.</summary>
/// <param name="Chosen">(P) sums over the tokens of the chosen response.</param>
/// <param name="Rejected">(P)</param>
/// <param name="ChosenLengths">(P)</param>
/// <param name="RejectedLengths">(P)</param>
public sealed record PairLogprobs(Tensor Chosen, Tensor Rejected, Tensor ChosenLengths, Tensor RejectedLengths)
{
    /// <summary>(P): the mean over the tokens of the chosen response.</summary>
    public Tensor ChosenMean => Chosen / ChosenLengths;

    /// <summary>(P)</summary>
    public Tensor RejectedMean => Rejected / RejectedLengths;

    /// <summary>The same pairs with the mean log-probability of a token in place of the sum.</summary>
    public PairLogprobs Means => this with { Chosen = ChosenMean, Rejected = RejectedMean };

    /// <summary>The pairs with chosen and rejected exchanged.</summary>
    public PairLogprobs Reversed => new(Rejected, Chosen, RejectedLengths, ChosenLengths);

    /// <summary>Sums the log-probabilities of tokens.</summary>
    /// <param name="logprobs">(N, T) of the tokens of N responses.</param>
    /// <param name="mask">(N, T) bool: the tokens that count.</param>
    /// <param name="chosen">(P) rows of the chosen responses.</param>
    /// <param name="rejected">(P) rows of the rejected responses.</param>
    /// <param name="tailWeight">The weight of the tokens by which a response is longer than the other one of its pair.</param>
    public static PairLogprobs From(Tensor logprobs, Tensor mask, Tensor chosen, Tensor rejected, double tailWeight = 1)
    {
        logprobs = logprobs.MaskedFill(!mask, 0);                                                   // (N, T)
        var position = mask.To(DType.Float32).CumSum(1);                                            // (N, T), from 1
        var lengths = mask.To(DType.Float32).Sum(1);                                                // (N)
        var (chosenLengths, rejectedLengths) = (lengths.IndexSelect(0, chosen), lengths.IndexSelect(0, rejected));
        var shorter = Tensor.Minimum(chosenLengths, rejectedLengths).Unsqueeze(1);                  // (P, 1)
        return new(Sum(chosen), Sum(rejected), chosenLengths, rejectedLengths);

        Tensor Sum(Tensor rows)
        {
            if (tailWeight == 1)
                return logprobs.Sum(1).IndexSelect(0, rows);
            var shared = position.IndexSelect(0, rows).LessOrEqual(shorter).To(DType.Float32);      // (P, T)
            return (logprobs.IndexSelect(0, rows) * (shared + (1 - shared) * tailWeight)).Sum(1);
        }
    }
}
