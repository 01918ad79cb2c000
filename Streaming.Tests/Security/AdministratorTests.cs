using System.Net;
using Streaming.Core.Administration;
using Streaming.Core.Creators;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>Administrators make administrators, and never none. Over HTTP on the shared system; where all of them matter, on a database of their own.</summary>
public sealed class AdministratorTests
{
    private const string All = "/api/admin/administrators";

    [Fact]
    public async Task Who_is_made_an_administrator_is_one_at_his_next_call_and_so_is_who_ceases_to_be()
    {
        var system = await TestSystem.Shared;
        using var admin = await system.NewAdministrator();
        var somebody = $"user-{Guid.CreateVersion7():N}";
        using var user = await system.As(somebody);
        await (await user.GetAt(All)).IsError(403, "forbidden");
        await (await user.PutJson($"{All}/{somebody}", "{}")).IsError(403, "forbidden");

        for (var repeated = 0; repeated < 2; repeated++)
        {
            var now = await TestCreator.Read(await admin.PutAsync(new Uri($"{All}/{somebody}", UriKind.Relative), null), HttpStatusCode.OK);
            Assert.Contains(now.GetProperty("items").EnumerateArray(), i => i.GetProperty("userId").GetString() == somebody);
        }
        await TestCreator.Read(await user.GetAt(All), HttpStatusCode.OK);

        await TestCreator.Read(await admin.DeleteAsync(new Uri($"{All}/{somebody}", UriKind.Relative)), HttpStatusCode.OK);
        await (await user.GetAt(All)).IsError(403, "forbidden");
        await (await admin.DeleteAsync(new Uri($"{All}/{somebody}", UriKind.Relative))).IsError(404, "user_not_found");
        await (await admin.PutAsync(new Uri($"{All}/nobody-{Guid.CreateVersion7():N}", UriKind.Relative), null)).IsError(404, "user_not_found");
        Assert.Equal(["AdministratorGranted", "AdministratorRevoked"], await system.Database.Rows("select act from admin_audit where subject = @user order by id", new Npgsql.NpgsqlParameter("user", somebody)));
    }

    [Fact]
    public async Task The_first_one_is_the_deployments_and_only_where_there_is_none()
    {
        var system = await TestSystem.Shared;
        await using var database = await TestDatabase.NewAsync();
        foreach (var first in new[] { "ann", "bob" })
        {
            var settings = new Dictionary<string, string> { ["ConnectionStrings__streamingdb"] = database.ConnectionString, ["Administrators__FirstUserId"] = first };
            await using var migrated = await system.RunAsync("Streaming.WebhookWorker", ["--migrate"], settings);
            Assert.True(await migrated.Exited.WaitAsync(TimeSpan.FromSeconds(60)) == 0, migrated.Log);
        }

        Assert.Equal(["ann"], await database.Rows("select user_id from administrators"));
        Assert.Equal(["configuration | AdministratorGranted | ann"], await database.Rows("select administrator_id, act, subject from admin_audit"));
    }

    [Fact]
    public async Task Two_who_remove_each_other_at_once_leave_one()
    {
        await using var database = await TestDatabase.NewAsync();
        for (var round = 0; round < 5; round++)
        {
            var (ann, bob) = ($"ann-{round}", $"bob-{round}");
            await using (var db = database.Open())
            {
                db.Administrators.RemoveRange(db.Administrators);
                foreach (var user in new[] { ann, bob })
                {
                    db.Users.Add(new User(user, TimeProvider.System.GetUtcNow()));
                    db.Administrators.Add(new Administrator(user, TimeProvider.System.GetUtcNow()));
                }
                await db.SaveChangesAsync();
            }

            var outcomes = await Task.WhenAll(Remove(bob, by: ann), Remove(ann, by: bob));

            Assert.Equal([AdministratorChange.Done, AdministratorChange.NotAllowed], outcomes.Order());
            var left = Assert.Single(await database.Rows("select user_id from administrators"));
            Assert.Equal(AdministratorChange.LastOne, await Remove(left, by: left));
        }

        async Task<AdministratorChange> Remove(string user, string by)
        {
            await using var db = database.Open();
            return await new AdministratorChanges(db, TimeProvider.System).Revoke(user, by, CancellationToken.None);
        }
    }
}
