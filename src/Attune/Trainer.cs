using Attune.Reporting.Runs;
using Attune.Torch;
using Attune.Training.Recipes;
using Attune.Training.Runs;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Attune;

/// <summary>
/// Trains models by recipes. A recipe is a record with the options of a method: <see cref="PretrainRecipe"/>, <see cref="SftRecipe"/>,
/// <see cref="RewardRecipe"/>, <see cref="DpoRecipe"/>, <see cref="IlqlRecipe"/>, <see cref="PpoRecipe"/>, <see cref="GrpoRecipe"/> or
/// <see cref="RftRecipe"/>. Training has a thread of its own; calls to the program come from that thread.
/// </summary>
public static class Trainer
{
    /// <summary>Trains a model. The weights in memory stay as they are: the trained model is <see cref="TrainingResult.Model"/>.</summary>
    /// <param name="model">The model that training starts from, in place of the recipe's <c>Model</c>.</param>
    /// <inheritdoc cref="TrainAsync(IRecipe, Action{StepResult}?, ILoggerFactory?, bool, CancellationToken)"/>
    public static Task<TrainingResult> TrainAsync(
        ChatModel model, IRecipe recipe, Action<StepResult>? onStep = null, ILoggerFactory? loggers = null, bool resume = false,
        CancellationToken cancellationToken = default)
    {
        var device = recipe.Run.Device == "auto" ? $"{model.Device}" : recipe.Run.Device;
        return TrainAsync(recipe.With(recipe.Run with { Device = device }, model.Folder), onStep, loggers, resume, cancellationToken);
    }

    /// <summary>Trains by a recipe that names its model itself, or makes a new one.</summary>
    /// <param name="recipe">The method with its options. It is checked before anything is written.</param>
    /// <param name="onStep">Called after each step; an exception from it ends the run.</param>
    /// <param name="loggers">Creates the logger of the run: steps at Debug, what a run's health monitor finds at Warning, and its start,
    /// evaluations, checkpoints, notices and end at Information.</param>
    /// <param name="resume">Whether a run in the folder is continued from its newest checkpoint; without it such a run is an error.</param>
    /// <param name="cancellationToken">Stops after the current step, with a checkpoint.</param>
    /// <returns>The finished run.</returns>
    /// <exception cref="InvalidDataException">An option, a file or a model cannot be used; the message says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the run can be resumed.</exception>
    /// <exception cref="TrainingStoppedException">The run could not continue; the message says why.</exception>
    /// <exception cref="DllNotFoundException">The native library or libtorch is missing; the message says what to install.</exception>
    public static Task<TrainingResult> TrainAsync(
        IRecipe recipe, Action<StepResult>? onStep = null, ILoggerFactory? loggers = null, bool resume = false,
        CancellationToken cancellationToken = default)
    {
        var (method, display) = (MethodCatalog.For(recipe), Display(onStep, loggers));
        return Run(() => Result(Train(), method, recipe.Run.Device), cancellationToken);

        RunFolder Train() => resume
            ? RecipeRunner.StartOrResume(recipe, display, cancellationToken)
            : RecipeRunner.Start(method, recipe, display, cancellationToken);
    }

    /// <summary>Resumes the run in a folder by the recipe that it was started by, which must have no C# function as a reward.</summary>
    /// <param name="folder">The run folder.</param>
    /// <inheritdoc cref="TrainAsync(IRecipe, Action{StepResult}?, ILoggerFactory?, bool, CancellationToken)"/>
    public static Task<TrainingResult> ResumeAsync(
        string folder, Action<StepResult>? onStep = null, ILoggerFactory? loggers = null, CancellationToken cancellationToken = default)
    {
        var display = Display(onStep, loggers);
        return Run(Resume, cancellationToken);

        TrainingResult Resume()
        {
            var run = RecipeRunner.Resume(folder, [], display, cancellationToken);
            var (method, recipe) = RecipeReader.Read(method: null, run.Recipe, []);
            return Result(run, method, recipe.Run.Device);
        }
    }

    static LoggingDisplay Display(Action<StepResult>? onStep, ILoggerFactory? loggers) =>
        new(new StepDisplay(onStep), loggers ?? NullLoggerFactory.Instance);

    static TrainingResult Result(RunFolder run, TrainingMethod method, string device) => new(run, method.MakesRewardModel, device);

    static Task<TrainingResult> Run(Func<TrainingResult> train, CancellationToken cancellation) => Task.Factory.StartNew(
        () =>
        {
            TorchLibrary.Load();
            return train();
        },
        cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
