using Attune.Training.Parameters;
using Attune.Training.Runs;

namespace Attune.Training.Policies;

/// <summary>Loads the frozen model that a student learns from.</summary>
static class Teacher
{
    /// <summary>The language model of a folder as a policy with the student's sampling options, its weights in the run's type.</summary>
    /// <param name="folder">The folder; the key <c>teacher</c> of a recipe.</param>
    /// <param name="student">The policy that is trained.</param>
    /// <param name="run">The run.</param>
    /// <exception cref="InvalidDataException">The model cannot teach this student; the message says why.</exception>
    public static Policy Load(string folder, Policy student, Run run)
    {
        if (!ModelFolder.LoadTokenizer(folder).HasSameTokensAs(student.Tokenizer))
            throw new InvalidDataException(
                $"`teacher` must have the tokens of the model that is trained, with the same ids (was {folder}, which has other ones): the "
                + "distributions of the next token are compared token by token. Name a teacher with the same tokenizer, or fine-tune with "
                + "`attune sft` on responses that the teacher wrote.");
        var model = ModelFolder.LoadLanguageModel(folder, run.Device, run.Dtype);
        var (own, other) = (student.Model.Backbone, model.Backbone);
        if (own.Kind != other.Kind)
            throw new InvalidDataException(
                $"`teacher` must be of the kind of the model that is trained, {own.Kind} (was {folder}, {other.Kind}): the two read "
                + "prompts differently.");
        if (other.ContextLength < own.ContextLength)
            throw new InvalidDataException(
                $"`teacher` must have a context of at least {own.ContextLength} tokens, that of the model that is trained (was {folder}, "
                + $"with {other.ContextLength}).");
        return student.With(model);
    }
}
