using Attune.Torch;

namespace Attune.Training.Estimation;

/// <summary>
/// Divergences of a student's distribution of the next token from a teacher's: log-probabilities (…, V) of every token → (…) nats.
/// </summary>
public static class Divergence
{
    const double MinProbability = 1e-7;

    /// <summary>
    /// The generalised Jensen–Shannon divergence. Agarwal et al. 2024, eq. 1, https://arxiv.org/abs/2306.13649:
    /// β KL(teacher ‖ m) + (1 − β) KL(student ‖ m) with m = β teacher + (1 − β) student; its limits KL(teacher ‖ student) at β = 0 and
    /// KL(student ‖ teacher) at β = 1, each divided by β or 1 − β.
    /// </summary>
    public static Tensor JensenShannon(Tensor student, Tensor teacher, double beta)
    {
        if (beta is 0 or 1)
            return beta == 0 ? Kl.Full(teacher, student) : Kl.Full(student, teacher);
        var mixture = Tensor.Stack(0, student + Math.Log(1 - beta), teacher + Math.Log(beta)).LogSumExp(0);      // (…, V)
        return Kl.Full(teacher, mixture) * beta + Kl.Full(student, mixture) * (1 - beta);
    }

    /// <summary>
    /// Both distributions over the k tokens that the student finds most likely: with the probability of all other tokens as one more, or
    /// normalised without them. (…, V) → (…, k + 1) or (…, k).
    /// </summary>
    public static (Tensor Student, Tensor Teacher) TopK(Tensor student, Tensor teacher, int k, bool tail)
    {
        var indices = student.Detach().TopK(Math.Min(k, student.Size(-1))).Indices;
        return (Select(student), Select(teacher));

        Tensor Select(Tensor logprobs)
        {
            var top = logprobs.Gather(-1, indices);
            return tail ? Tensor.Concatenate(-1, top, Rest(top)) : top - top.LogSumExp(-1).Unsqueeze(-1);
        }
    }

    /// <summary>
    /// (log π − log π_teacher) log π of the tokens that were sampled, the first factor without a gradient: its gradient is an unbiased
    /// estimate of that of KL(student ‖ teacher).
    /// </summary>
    /// <param name="student">(…) log-probabilities of the tokens under the student.</param>
    /// <param name="teacher">(…) under the teacher.</param>
    public static Tensor OfSampledTokens(Tensor student, Tensor teacher) => (student.Detach() - teacher) * student;

    /// <summary>log(1 − Σ p): (…, k) → (…, 1)</summary>
    static Tensor Rest(Tensor logprobs) => (1 - logprobs.Exp().Sum(-1, keepDim: true)).Clamp(MinProbability, null).Log();
}
