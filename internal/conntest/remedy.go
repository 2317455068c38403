package conntest

// The places in Halo's menus. Those of the API, the agents and the statuses
// are from Halo's own guides [A]; the others follow their pattern [G].
const (
	menuAPI         = "Configuration > Integrations > Halo PSA API"
	menuApplication = menuAPI + " > View Applications > (application)"
	menuPermissions = menuApplication + " > Permissions"
	menuTypes       = "Configuration > Tickets > Ticket Types"
	menuSLAs        = "Configuration > Service Level Agreements"
	menuActions     = "Configuration > Tickets > Actions"
	menuWorkflows   = "Configuration > Tickets > Workflows"
	menuStatuses    = "Configuration > Tickets > Statuses"
	menuAgents      = "Configuration > Teams & Agents > Agents"
)

const (
	remedyAgent = "Halo gives a token but does not accept it. Open " + menuApplication +
		" and check that it is Active and that the \"Agent to login as\" is set; then open that agent under " +
		menuAgents + " and check that it is not disabled."
	remedyCredentials = "Open " + menuApplication + ". Check that it is Active, that the Authentication Method is " +
		"\"Client ID and Secret (Services)\", and copy the Client ID again: it can change when the application is saved. " +
		"Make a new Client Secret if the old one is not at hand. The Tenant stands under " + menuAPI +
		"; leave it blank for a self-hosted Halo."
	remedySource = "Look up the id in the list of request sources that the settings page offers, and set request_source to it; or leave it out."
	remedyCreate = "Read Halo's words above. If it names a permission, tick edit:tickets under " + menuPermissions +
		"; if it names a field, make it optional for this ticket type under " + menuTypes +
		"; if it names the client, let the agent see all clients under " + menuAgents + "."
)

func remedyPermission(name string) string {
	return "Open " + menuPermissions + " and tick " + name + ". If it is ticked, the agent that the application logs in as lacks the right: " +
		"see " + menuAgents + " > (agent) > Permissions, where the access levels of Tickets and of Customers must allow reading."
}
