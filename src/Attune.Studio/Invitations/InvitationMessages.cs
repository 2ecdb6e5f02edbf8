using Attune.Store;

namespace Attune.Studio.Invitations;

/// <summary>The invitations to a project, newest first.</summary>
sealed record InvitationList(IReadOnlyList<InvitationSummary> Invitations);

/// <param name="Id">The id.</param>
/// <param name="Role">The role of new accounts; people who have an account keep their role.</param>
/// <param name="Email">The e-mail address of the only person who may use it; null for everyone who has the link.</param>
/// <param name="UsesLeft">How many more people may join with it.</param>
/// <param name="MadeBy">Who made it.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it expires.</param>
sealed record InvitationSummary(
    long Id, Role Role, string? Email, int UsesLeft, string MadeBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt)
{
    public static InvitationSummary From(Invitation invitation) => new(invitation.Id, invitation.Role, invitation.Email,
        invitation.UsesLeft, invitation.MadeBy, invitation.CreatedAt, invitation.ExpiresAt);
}

/// <param name="Id">The id.</param>
/// <param name="Link">The link, which is not shown again.</param>
sealed record CreatedInvitation(long Id, string Link);
