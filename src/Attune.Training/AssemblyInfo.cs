using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Attune.Training.Tests")]
