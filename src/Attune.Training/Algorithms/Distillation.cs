using Attune.Torch;
using Attune.Training.Batches;
using Attune.Training.Estimation;
using Attune.Training.Parameters;
using Attune.Training.Policies;

namespace Attune.Training.Algorithms;

/// <summary>
/// Compares a student's distributions of the next token with those of a teacher, at each token of some responses. Where one model has more
/// logits than the other, which pads its output matrix, the tokens that both have are compared.
/// </summary>
/// <param name="student">The policy that is trained.</param>
/// <param name="trained">Its trained parameters.</param>
/// <param name="temperature">Divides the logits of both models.</param>
sealed class Distillation(Policy student, TrainedParameters trained, double temperature)
{
    readonly TokenChunks chunks = new([.. trained.Named.Select(parameter => parameter.Value)]);

    /// <summary>The sum of a loss over the N tokens, with a gradient, and further numbers of each token, without one.</summary>
    /// <param name="states">(N, D) hidden states of the student.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="responses">The responses with the prompts that the teacher reads.</param>
    /// <param name="compare">
    /// (n, V) log-probabilities of the student and of the teacher, and the n tokens → (n) losses, and further (n).
    /// </param>
    public (Tensor Loss, Tensor[] Values) Sum(
        Tensor states, Policy teacher, Responses responses, Func<Tensor, Tensor, Tensor, Tensor[]> compare)
    {
        var teacherStates = StatesOf(teacher, responses);                                           // (N, D′)
        var tokens = responses.FlatTokens;                                                          // (N)
        var vocabulary = Math.Min(student.Model.Backbone.VocabularySize, teacher.Model.Backbone.VocabularySize);
        return chunks.Sum(states, vocabulary, (part, from, to) => compare(
            Logprobs(student, part), TeacherLogprobs(from, to), tokens.Slice(0, from, to)));

        Tensor TeacherLogprobs(long from, long to)
        {
            using var noGrad = Autograd.NoGrad();
            return Logprobs(teacher, teacherStates.Slice(0, from, to));
        }

        Tensor Logprobs(Policy policy, Tensor hidden)
        {
            var logits = policy.LogitsOf(hidden).Slice(1, 0, vocabulary);                           // (n, V)
            return (temperature == 1 ? logits : logits / temperature).LogSoftmax(-1);
        }
    }

    /// <summary>KL(teacher ‖ student), KL(student ‖ teacher), and whether both find the same token most likely: (n) each.</summary>
    public static Tensor[] Measure(Tensor logprobs, Tensor teacherLogprobs)
    {
        using var noGrad = Autograd.NoGrad();
        var agreement = logprobs.ArgMax(-1).EqualTo(teacherLogprobs.ArgMax(-1)).To(DType.Float32);
        return [Kl.Full(teacherLogprobs, logprobs), Kl.Full(logprobs, teacherLogprobs), agreement];
    }

    /// <summary>The means of <see cref="Measure"/> by metric name.</summary>
    public static Dictionary<string, Tensor> Metrics(Tensor[] measured, double count) => new(StringComparer.Ordinal)
    {
        ["kl/forward"] = Masked.Reduce(measured[0], count: count),
        ["kl/reverse"] = Masked.Reduce(measured[1], count: count),
        ["agreement"] = Masked.Reduce(measured[2], count: count),
    };

    static Tensor StatesOf(Policy teacher, Responses responses)
    {
        using var noGrad = Autograd.NoGrad();
        return teacher.States(responses with { FrozenActivations = null });
    }
}
