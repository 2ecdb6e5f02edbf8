using Attune.Quickstart;

namespace Attune.FrontDesk;

/// <summary>The share of pairs on which rankings agree with the taste without noise, and with each other.</summary>
sealed class Agreement
{
    readonly List<double> withTaste = [];
    readonly List<double> withAnother = [];

    public void Add(SimulatedGuest guest, string prompt, List<string> answers)
    {
        withTaste.Add(guest.NoisyAgreement(prompt, answers));
        withAnother.Add(guest.AnnotatorAgreement(prompt, answers));
    }

    public override string ToString() => $"{withTaste.Average():F3} with the taste, {withAnother.Average():F3} with each other";
}
