using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Npgsql;

namespace Streaming.Core.Data;

/// <summary>Lets <c>dotnet ef migrations add</c> build the model without a host or a database.</summary>
internal sealed class StreamingDbFactory : IDesignTimeDbContextFactory<StreamingDb>
{
    public StreamingDb CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<StreamingDb>();
        StreamingDb.Configure(options, NpgsqlDataSource.Create("Host=localhost"));
        return new StreamingDb(options.Options);
    }
}
