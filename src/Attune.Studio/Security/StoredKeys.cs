using System.Xml.Linq;
using Attune.Store;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Attune.Studio.Security;

/// <summary>
/// The keys of cookies in the store: every studio of a PostgreSQL database accepts the sessions of the others. The first studio takes over
/// the keys of a folder, so that sessions continue when its store is copied from a file.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="folder">The folder in which a studio with a file keeps its keys.</param>
sealed class StoredKeys(PreferenceStore store, string folder) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        if (store.SessionKeys() is [] && Directory.Exists(folder))
            foreach (var file in Directory.GetFiles(folder, "*.xml"))
                store.AddSessionKey(Path.GetFileNameWithoutExtension(file), File.ReadAllText(file));
        return [.. store.SessionKeys().Select(XElement.Parse)];
    }

    public void StoreElement(XElement element, string friendlyName) =>
        store.AddSessionKey(friendlyName, element.ToString(SaveOptions.DisableFormatting));
}
