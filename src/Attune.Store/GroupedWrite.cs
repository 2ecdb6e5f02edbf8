using System.Data.Common;

namespace Attune.Store;

/// <summary>A change that <see cref="GroupedWrites"/> runs.</summary>
abstract class GroupedWrite
{
    public abstract void Run(DbConnection connection);

    /// <summary>Reports the result of <see cref="Run"/>, which is committed.</summary>
    public abstract void Succeed();

    public abstract void Fail(Exception error);
}

/// <param name="write">Makes the change.</param>
sealed class GroupedWrite<T>(Func<DbConnection, T> write) : GroupedWrite
{
    readonly TaskCompletionSource<T> source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    T result = default!;

    public Task<T> Task => source.Task;

    public override void Run(DbConnection connection) => result = write(connection);

    public override void Succeed() => source.SetResult(result);

    public override void Fail(Exception error) => source.SetException(error);
}
