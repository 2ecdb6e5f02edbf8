namespace Attune.Jinja;

/// <summary>An assignment target: a name, a member of a namespace, or several of these.</summary>
abstract record Target
{
    /// <summary>Assigns in a scope, and returns the scope.</summary>
    public abstract Scope Bind(Scope scope, object? value);

    public sealed record Variable(string Name) : Target
    {
        public override Scope Bind(Scope scope, object? value)
        {
            scope.Set(Name, value);
            return scope;
        }
    }

    public sealed record Member(string Owner, string Name) : Target
    {
        public override Scope Bind(Scope scope, object? value)
        {
            if (scope.Find(Owner) is not NamespaceValue space)
                throw TemplateError.Create("cannot assign attribute on non-namespace object");
            space.Members[Name] = value;
            return scope;
        }
    }

    public sealed record Several(IReadOnlyList<Target> Targets) : Target
    {
        public override Scope Bind(Scope scope, object? value)
        {
            if (Kinds.ItemsOrNull(value) is null)
                throw TemplateError.Create($"cannot unpack non-iterable {Kinds.NameOf(value)} object");
            var items = Kinds.ToList(scope.Run, value);
            if (items.Count != Targets.Count)
                throw TemplateError.Create(items.Count > Targets.Count
                    ? $"too many values to unpack (expected {Targets.Count})"
                    : $"not enough values to unpack (expected {Targets.Count}, got {items.Count})");
            foreach (var (target, item) in Targets.Zip(items))
                target.Bind(scope, item);
            return scope;
        }
    }
}
