using Microsoft.AspNetCore.Authorization;
using Streaming.Api.Http;
using Streaming.Core.Creators;

namespace Streaming.Api.Auth;

/// <summary>The caller has an approved creator application now: the database is asked each time, so a revocation counts at once.</summary>
public sealed class ApprovedCreator : IAuthorizationRequirement
{
    public const string Policy = nameof(ApprovedCreator);

    public sealed class Check(Approvals approvals, IHttpContextAccessor http) : AuthorizationHandler<ApprovedCreator>
    {
        protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, ApprovedCreator requirement)
        {
            if (CurrentUser.Of(context.User) is not { Id: var id }) return;

            var aborted = http.HttpContext?.RequestAborted ?? CancellationToken.None;
            if (await approvals.IsApproved(id, aborted)) context.Succeed(requirement);
            else context.Fail(new Refusals.Reason(this, Errors.CreatorAccessRequired));
        }
    }
}
