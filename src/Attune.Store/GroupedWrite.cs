using System.Data.Common;

namespace Attune.Store;

/// <summary>A change that <see cref="GroupedWrites"/> runs.</summary>
/// <param name="isDurable">Whether it must be on disk before <see cref="Succeed"/> is called.</param>
abstract class GroupedWrite(bool isDurable)
{
    public bool IsDurable => isDurable;

    public abstract void Run(DbConnection connection);

    /// <summary>Reports the result of <see cref="Run"/>, which is committed.</summary>
    public abstract void Succeed();

    public abstract void Fail(Exception error);
}

/// <param name="write">Makes the change.</param>
/// <param name="isDurable">Whether it must be on disk before <see cref="Succeed"/> is called.</param>
sealed class GroupedWrite<T>(Func<DbConnection, T> write, bool isDurable) : GroupedWrite(isDurable)
{
    readonly TaskCompletionSource<T> source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    T result = default!;

    public Task<T> Task => source.Task;

    public override void Run(DbConnection connection) => result = write(connection);

    public override void Succeed() => source.SetResult(result);

    public override void Fail(Exception error) => source.SetException(error);
}
