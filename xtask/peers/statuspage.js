// The client library `statuspage.io` from npm reads a status page whose address is given.
const { Statuspage } = require("statuspage.io");

async function main() {
  const page = new Statuspage("elsewhere");
  page.setApiUrl(process.argv[2]);
  const { api } = page;
  const seen = {
    status: await api.getStatus(),
    summary: await api.getSummary(),
    components: await api.getComponents(),
    incidents: await api.incidents.getAll(),
    unresolved: await api.incidents.getUnresolved(),
    maintenances: await api.scheduledMaintenances.getAll(),
    active: await api.scheduledMaintenances.getActive(),
    upcoming: await api.scheduledMaintenances.getUpcoming(),
  };
  console.log(JSON.stringify(seen));
}

main();
